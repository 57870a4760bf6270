#!/bin/sh
# Makes a database for each server; PostgreSQL's image runs this once, on an empty volume.
set -eu
psql --quiet --username postgres --set ON_ERROR_STOP=1 \
  --set prefect="$PREFECT_DATABASE_PASSWORD" --set mlflow="$MLFLOW_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE prefect LOGIN PASSWORD :'prefect';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow';
CREATE DATABASE prefect OWNER prefect;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE prefect, mlflow FROM PUBLIC;
SQL
