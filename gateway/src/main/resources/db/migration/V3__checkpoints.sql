-- Where the pictures of a running job stand: of each the latest checkpoint, which goes with the job's end.
create table job_checkpoint (
    job_id varchar(36) not null references job (id) on delete cascade,
    picture integer not null,
    checkpoint ${bytes} not null,
    primary key (job_id, picture)
);
