-- apps/standalone_service/service/schema.sql: what the database has in it.
create table if not exists notes (id integer primary key, text text not null, words integer not null);
