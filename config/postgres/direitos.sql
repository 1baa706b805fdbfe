-- The rights in one service's database. Run by a superuser in that database, once its owner <service>_migrador exists;
-- harmless when repeated.
--   <service>_migrador   owns the database and everything that the command migrate makes
--   <service>            the service itself: may change rows and owns nothing
--   <service>_leitura    reads, for reports
-- Missing roles are made without a password and without the right to log in: the server's administrator sets both.
-- Objects that the service owns from before these roles existed become the migrator's.
do $$
declare
    service constant text := current_database();
    migrator constant text := service || '_migrador';
    reader constant text := service || '_leitura';
    name text;
begin
    foreach name in array array[service, reader] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I', name);
        end if;
    end loop;
    execute format('alter role %I set default_transaction_read_only = on', reader);

    if exists (
        select from pg_shdepend
        where refclassid = 'pg_authid'::regclass and refobjid = service::regrole and deptype = 'o'
            and dbid in (0, (select oid from pg_database where datname = service))
    ) then
        execute format('reassign owned by %I to %I', service, migrator);
    end if;

    execute format('revoke all on database %I from public', service);
    execute format('grant connect on database %I to %I, %I', service, service, reader);
    revoke all on schema public from public;
    execute format('grant usage on schema public to %I, %I', service, reader);

    -- What exists, and what later migrations make.
    execute format('grant select, insert, update, delete on all tables in schema public to %I', service);
    execute format('grant select on all tables in schema public to %I', reader);
    execute format('alter default privileges for role %I in schema public grant select, insert, update, delete on tables to %I',
        migrator, service);
    execute format('alter default privileges for role %I in schema public grant select on tables to %I', migrator, reader);
end
$$;
