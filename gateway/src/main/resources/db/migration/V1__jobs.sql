-- Times are milliseconds since 1970-01-01T00:00Z, but for those of scheduled_tasks, which is the engine's own table (db-scheduler 16.12).

create table tenant (
    name varchar(64) not null primary key
);

create table job (
    id varchar(36) not null primary key,
    tenant varchar(64) not null references tenant (name),
    kind varchar(32) not null,
    state varchar(16) not null, -- WAITING, HANDED (to the engine), RUNNING, SUCCEEDED, FAILED, CANCELLED, QUARANTINED
    priority integer not null,
    labels varchar(3000) not null, -- |key=value|key=value|
    request_id varchar(64),
    request_hash varchar(64) not null,
    request ${bytes} not null,
    policies varchar(300) not null, -- of the caller's API key
    timing varchar(200) not null, -- what jobs that take as long have in common
    work double precision not null, -- how much of it, in the unit of job_timing
    attempt integer not null, -- the fencing token: whoever writes for a job shows the one it was given
    owner varchar(100),
    failures integer not null,
    losses integer not null,
    interruptions integer not null,
    cancel_requested boolean not null,
    deleted boolean not null,
    stage varchar(64) not null,
    step integer not null,
    steps integer not null,
    last_sequence bigint not null,
    response ${bytes},
    error ${bytes},
    ttl_millis bigint not null,
    created_at bigint not null,
    started_at bigint,
    ended_at bigint,
    expires_at bigint,
    constraint job_request unique (tenant, request_id)
);
create index job_waiting on job (tenant, state, created_at);
create index job_listing on job (tenant, created_at, id);
create index job_expiry on job (expires_at);

create table job_event (
    job_id varchar(36) not null references job (id) on delete cascade,
    sequence bigint not null,
    kind varchar(64), -- of progress, of which the latest one is kept; null for what is never replaced
    event ${bytes} not null,
    primary key (job_id, sequence)
);

create table job_timing (
    timing varchar(200) not null primary key,
    millis_per_work double precision not null,
    samples bigint not null
);

create table scheduled_tasks (
    task_name varchar(100) not null,
    task_instance varchar(100) not null,
    task_data ${bytes},
    execution_time timestamp(6) with time zone not null,
    picked boolean not null,
    picked_by varchar(100),
    last_success timestamp(6) with time zone,
    last_failure timestamp(6) with time zone,
    consecutive_failures integer,
    last_heartbeat timestamp(6) with time zone,
    version bigint not null,
    priority smallint,
    primary key (task_name, task_instance)
);
create index scheduled_tasks_execution_time on scheduled_tasks (execution_time);
create index scheduled_tasks_last_heartbeat on scheduled_tasks (last_heartbeat);
