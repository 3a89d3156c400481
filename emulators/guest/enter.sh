#!/bin/sh
# Sets up new namespaces as the guest: its own root, this computer's programs read-only, then no privileges.
# Usage: enter.sh <guest root> <command in the guest...>   (run by unshare, as root of a new user namespace)
# Stops (exit 97) unless the guest can neither see nor write this computer's files.
set -eu
root=$1
shift
mount --rbind "$root" "$root"
for folder in "$root"/.host/*; do
    mount --rbind "/${folder##*/}" "$folder"
done
# A recursive bind includes nested mounts: each is remounted read-only, with the flags it is locked to.
while read -r _ _ _ _ target options _; do
    case $target in
        "$root"/.host/*) mount -o "remount,bind,$options,ro" "$target" ;;
    esac
done </proc/self/mountinfo
mount --bind /dev/null "$root/dev/null"
# umount reads /proc, so it is mounted for two calls; the guest has none (it would offer sysrq-trigger).
mount --rbind /proc "$root/proc"
cd "$root"
pivot_root . .old
PATH=/usr/bin:/usr/sbin
umount -l /.old
umount -l /proc
for folder in /.host/*; do
    [ ! -w "$folder" ] || exit 97
done
for left in /.old/* /proc/*; do
    # The guest's own /proc/sys is two plain files; this computer's /proc would show /proc/1 as well.
    [ ! -e "$left" ] || [ "$left" = /proc/sys ] || exit 97
done
ulimit -f 131072 # a faulty script must not fill the disk (512-byte blocks)
exec setpriv --no-new-privs --inh-caps=-all \
    --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill "$@"
