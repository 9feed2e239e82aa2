# shellcheck shell=bash
#
# What nixpkgs' patches to the sources look for in a running NixOS is the package's own, or in /usr.

# shellcheck disable=SC2154 # stdenv sets the outputs
for directory in factory rules.d shell-completion src sysusers.d tmpfiles.d units; do
    if [[ ! -d $directory ]]; then
        continue
    fi
    while IFS= read -r file; do
        sed --in-place \
            --expression="s|/run/current-system/systemd/|$out/|g" \
            --expression='s|/run/current-system/sw/|/usr/|g' "$file"
    done < <(grep --recursive --files-with-matches --fixed-strings /run/current-system/ "$directory")
done

# PID 1 and its generators look for fsck.TYPE and the like on this PATH, and other packages have them.
if [[ -f src/basic/path-util.h ]]; then
    sed --in-place "s|\"$out/bin/\"|\"$out/bin:/usr/bin\"|" src/basic/path-util.h
fi

# udev's hardware database is compiled for the image from the files of all packages. What comes first
# wins.
if [[ -f src/shared/hwdb-util.c ]]; then
    sed --in-place 's|UDEVLIBEXECDIR "/hwdb.d"|"/usr/lib/udev/hwdb.d", &|' src/shared/hwdb-util.c
fi
if [[ -f src/libsystemd/sd-hwdb/hwdb-internal.h ]]; then
    sed --in-place 's|UDEVLIBEXECDIR "/hwdb.bin\\0"|"/usr/lib/udev/hwdb.bin\\0" &|' \
        src/libsystemd/sd-hwdb/hwdb-internal.h
fi
if [[ -f src/hwdb/hwdb.c ]]; then
    sed --in-place 's|UDEVLIBEXECDIR|"/usr/lib/udev"|' src/hwdb/hwdb.c
fi
if [[ -f units/systemd-hwdb-update.service.in ]]; then
    sed --in-place 's|{{UDEVLIBEXECDIR}}/hwdb\.bin|/usr/lib/udev/hwdb.bin|' \
        units/systemd-hwdb-update.service.in
fi

# Scripts of other packages that run before the system sleeps or shuts down are in /usr. nixpkgs has some
# versions look in /etc, by flags or by patches.
for directory in shutdown sleep; do
    if [[ -f src/$directory/$directory.c ]]; then
        sed --in-place "s|SYSTEM_${directory^^}_PATH,|\"/usr/lib/systemd/system-$directory\", &|" \
            "src/$directory/$directory.c"
    fi
done
