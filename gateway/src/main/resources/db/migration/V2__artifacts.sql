-- Names, and the content that they lead to, which lies on the disk. A name that is not complete is an upload; it has no blob yet.

create table blob (
    sha256 varchar(64) not null primary key,
    size_bytes bigint not null,
    block_digests ${bytes} not null -- SHA-256 of each MiB
);

create table artifact (
    name varchar(64) not null primary key,
    tenant varchar(64) not null,
    operation varchar(64) not null, -- that made it; empty for an upload
    content_type varchar(100) not null,
    size_bytes bigint not null,
    sha256 varchar(64) not null,
    complete boolean not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index artifact_blob on artifact (sha256);
create index artifact_operation on artifact (tenant, operation);
create index artifact_expiry on artifact (expires_at);
