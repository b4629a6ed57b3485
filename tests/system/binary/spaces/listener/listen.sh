# Fetches event by event from its consumer, in the words of
# https://docs.nats.io/reference/reference-protocols/nats_api_reference and the client protocol beside it.
userinfo=${NATS_URL#nats://} address=${NATS_URL##*@}
user=${userinfo%%:*} password=${userinfo#*:}
password=${password%%@*}
next='$JS.API.CONSUMER.MSG.NEXT.clock.listener' inbox=$NATS_INBOX_PREFIX.listen pipe=$DATA_DIR/say.$REPLICA
cr=$(printf '\r')

fetch() { printf 'PUB %s %s 11\r\n{"batch":1}\r\n' "$next" "$inbox" >&3; }

heard() {
  wget -q -O - "$CLOCK_URL/now" | tr '\n' ' ' >>www/heard
  printf '%s\n' "${1%"$cr"}" >>www/heard
}

: >www/heard
rm -f "$pipe"
mkfifo "$pipe"
exec 3<>"$pipe"
printf 'CONNECT {"user": "%s", "pass": "%s", "verbose": false}\r\nSUB %s 1\r\n' "$user" "$password" "$inbox" >&3
fetch
nc "${address%:*}" "${address##*:}" <&3 | while read -r word _ _ reply _; do
  case $word in
    PING*) printf 'PONG\r\n' >&3 ;;
    MSG)
      read -r data
      heard "$data"
      printf 'PUB %s 4\r\n+ACK\r\n' "$reply" >&3
      fetch ;;
  esac
done &
exec httpd -f -p "$HOST:$PORT" -h www
