#!/bin/sh
# synchronize.sh FROM TO INDEX: brings what is published in data directory FROM to TO.
#
# The order is what matters: first the name of the current generation is read, then that
# generation is copied aside and renamed, then the live files, and the pointer comes last. Whoever
# reads TO meanwhile, or after this was stopped anywhere, finds a whole generation. Run it again
# after a failure; one run at a time. Generations before the last two are removed.
set -eu
from=$1/$3
to=$2/$3

current=$(cat "$from/CURRENT")
mkdir -p "$2"
[ -d "$to" ] || mkdir -m 700 "$to"
mkdir -p "$to/generations"
rm -rf "$to/generations/".part-*
if [ ! -d "$to/generations/$current" ]; then
  cp -R "$from/generations/$current" "$to/generations/.part-$current"
  sync
  mv "$to/generations/.part-$current" "$to/generations/$current"
fi

for file in "$from"/*.json "$from"/*.safetensors; do
  name=${file##*/}
  case $name in source.json | watch.json) continue ;; esac
  [ -f "$file" ] || continue
  cp "$file" "$to/.$name.new"
  mv "$to/.$name.new" "$to/$name"
done
for file in "$to"/*.json "$to"/*.safetensors; do
  [ -e "$from/${file##*/}" ] || rm -f "$file"
done

before=$(cat "$to/CURRENT" 2>/dev/null || true)
sync
printf '%s\n' "$current" >"$to/.CURRENT.new"
mv "$to/.CURRENT.new" "$to/CURRENT"

for directory in "$to/generations"/g*; do
  case ${directory##*/} in "$current" | "$before") ;; *) rm -rf "$directory" ;; esac
done
