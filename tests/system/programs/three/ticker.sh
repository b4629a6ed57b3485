#!/bin/bash
# Publishes $1 events with the bus's own protocol over a socket of the shell, in two subjects, and says how many.
set -euo pipefail
address=${NATS_URL#nats://}
login=${address%@*}
place=${address#*@}
exec 3<>"/dev/tcp/${place%:*}/${place#*:}"
read -r _ <&3
printf 'CONNECT {"user":"%s","pass":"%s","verbose":false,"name":"ticker"}\r\n' "${login%%:*}" "${login#*:}" >&3
number=0
while ((number < $1)); do
  subject=ticker.tick
  ((number % 4 == 3)) && subject=ticker.tock
  printf 'PUB %s %d\r\n%s\r\n' "$subject" "${#number}" "$number"
  ((number += 1))
done >&3
printf 'PING\r\n' >&3
while read -r answer <&3; do
  [[ $answer == PING* ]] && printf 'PONG\r\n' >&3
  [[ $answer == -ERR* ]] && echo "refused: $answer"
  [[ $answer == PONG* ]] && break
done
echo "published $number"
while read -r answer <&3; do # answer its pings until the end
  if [[ $answer == PING* ]]; then printf 'PONG\r\n' >&3; fi
done
