#!/bin/bash
# Gives the role partitiond the password of its URL, so that it stands in one place: user:PASSWORD@host.
url=$(< /run/secrets/partitiond-url)
credentials=${url#*://}
credentials=${credentials%%@*}
encoded=${credentials#*:}
# What a URL writes as %40 is one character.
password=$(printf '%b' "${encoded//%/\\x}")
psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="$password" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  <<< "ALTER ROLE partitiond PASSWORD :'password'"
