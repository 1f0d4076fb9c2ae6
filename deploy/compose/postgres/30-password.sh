#!/bin/bash
# Gives the role partitiond the password of its URL, so that it stands in one place: user:PASSWORD@host.
url=$(< /run/secrets/partitiond-url)
credentials=${url#*://}
credentials=${credentials%%@*}
psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="${credentials#*:}" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  <<< "ALTER ROLE partitiond PASSWORD :'password'"
