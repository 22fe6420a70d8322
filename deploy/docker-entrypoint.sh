#!/bin/sh
# Puts the database's URL together from a secret file, so that no password stands in a compose file,
# an image or `docker inspect`. Without PEERCLAIMS_DATABASE_PASSWORD_FILE it changes nothing.
set -eu
if [ -n "${PEERCLAIMS_DATABASE_PASSWORD_FILE:-}" ]; then
    password=$(cat "$PEERCLAIMS_DATABASE_PASSWORD_FILE")
    # It stands in a URL: only characters that mean nothing there.
    case $password in
        "" | *[!A-Za-z0-9._~-]*)
            echo "the database's password may have letters, digits and . _ ~ - only" >&2
            exit 1
            ;;
    esac
    PEERCLAIMS__DATABASE__URL="postgres://$PEERCLAIMS_DATABASE_USER:$password@$PEERCLAIMS_DATABASE_PLACE"
    export PEERCLAIMS__DATABASE__URL
fi
exec "$@"
