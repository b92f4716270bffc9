#!/bin/bash
# Run in network and mount namespaces of its own: makes them an internet, and says "ready". Ends with its standard input.
# $1: folder for its files
set -e
ip link set lo up
# What the machine itself has, and its way out, to which nobody answers.
ip link add up0 type veth peer name up1
ip link set up0 up
ip link set up1 up
ip address add 93.184.216.7/24 dev up0
ip address add 2a00:7::7/64 dev up0 nodad
ip address add 192.168.77.7/24 dev up0
ip address add 198.19.7.7/24 dev up0
ip address add 2001:2:0:7::7/64 dev up0 nodad
ip route add default via 93.184.216.1
ip -6 route add default via 2a00:7::1
# The internet's servers: ranges for tests, which count as internet everywhere.
for n in 10 11 12 13 53; do
  ip address add 198.18.0.$n/32 dev lo
  ip address add 2001:2:0:113::$n/128 dev lo nodad
done
# What comes to each server, however it came. It leaves out nothing: packets that no program waits for are counted, too.
{
  echo 'table inet watch {'
  for n in 10 11 12 13 53; do echo "counter to-$n { }"; done
  echo 'chain in { type filter hook input priority -300;'
  for n in 10 11 12 13 53; do echo "ip daddr 198.18.0.$n counter name to-$n; ip6 daddr 2001:2:0:113::$n counter name to-$n;"; done
  echo '}'
  echo '}'
} | nft -f -
echo "nameserver 198.18.0.53" >"$1/resolv.conf"
mount --bind "$1/resolv.conf" /etc/resolv.conf
mkdir "$1/hosts"
dnsmasq --keep-in-foreground --conf-file="$(dirname "$0")/dnsmasq.conf" --hostsdir="$1/hosts" --log-queries --log-facility="$1/dnsmasq.log" &
echo ready
read -r _ || true
kill $!
