# systemd as nixpkgs builds it, as far as an image is concerned: where it looks for files, and where it
# puts its own. The sources have nothing but what names directories.
{
  stdenv,
  gcc,
  kmod,
  patch,
}:
stdenv.mkDerivation {
  pname = "systemd";
  version = "259";
  src = ./source;
  patches = [
    ./patches/0004-Add-some-NixOS-specific-unit-directories.patch
    ./patches/0007-Change-usr-share-zoneinfo-to-etc-zoneinfo.patch
    ./patches/0008-localectl-use-etc-X11-xkb-for-list-x11.patch
    ./patches/0009-add-current-system-to-lookup-dir-paths.patch
    ./patches/0011-systemd-sleep-execute-scripts-in-etc-systemd-system-.patch
    ./patches/0012-path-util.h-add-placeholder-for-DEFAULT_PATH_NORMAL.patch
    ./patches/0013-inherit-systemd-environment-when-calling-generators.patch
  ];
  nativeBuildInputs = [
    gcc
    patch
  ];
  postPatch = ''
    sed --in-place "s|@defaultPathNormal@|$out/bin/|" src/basic/path-util.h
  '';
  preConfigure = ''
    sed --in-place "s|/usr/lib/systemd/catalog/|$out/lib/systemd/catalog/|" \
      src/libsystemd/sd-journal/catalog.c
  '';
  mesonFlags = [ "-Dkmod-path=${kmod}/bin/kmod" ];
  env.NIX_CFLAGS_COMPILE = toString [
    "-DPOLKIT_AGENT_BINARY_PATH=\"/run/current-system/sw/bin/pkttyagent\""
    # Up to 258 a patch says so, as one does of sleep here.
    "-USYSTEM_SHUTDOWN_PATH"
    "-DSYSTEM_SHUTDOWN_PATH=\"/etc/systemd/system-shutdown\""
    "-DSYSTEMD_BINARY_PATH=\"/run/current-system/systemd/lib/systemd/systemd\""
  ];
  buildPhase = ''
    runHook preBuild
    while IFS= read -r file; do
      cc -fsyntax-only -DUDEVLIBEXECDIR='"/"' -DSYSTEM_DATA_UNIT_PATH='"/"' -DSYSTEM_SLEEP_PATH='"/"' \
        -DSYSTEM_SHUTDOWN_PATH='"/"' -x c "$file"
    done < <(find src -name '*.[ch]')
    for program in systemctl systemd systemd-example systemd-hwdb; do
      cc -static -o "$program" program.c
    done
    for directory in shutdown sleep; do
      # As nixpkgs' compiler splits the flags.
      cc -static -DSYSTEM_SLEEP_PATH="\"$out/lib/systemd/system-sleep\"" $NIX_CFLAGS_COMPILE \
        -o "systemd-$directory" program.c "src/$directory/$directory.c"
    done
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    for program in bin/{systemctl,systemd-hwdb} lib/systemd/systemd{,-example,-shutdown,-sleep}; do
      install -D "''${program##*/}" "$out/$program"
    done
    sed "s|{{UDEVLIBEXECDIR}}|$out/lib/udev|" units/systemd-hwdb-update.service.in \
      >units/systemd-hwdb-update.service
    install -D --mode=644 --target-directory="$out/lib/systemd/system" \
      units/{debug-shell,getty@,systemd-hwdb-update}.service
    install -D --mode=644 units/example.service "$out/lib/systemd/system/example.service"
    install -D --mode=644 units/example-user.service "$out/lib/systemd/user/example.service"
    mkdir "$out/lib/systemd/system/multi-user.target.wants"
    ln -s ../example.service "$out/lib/systemd/system/multi-user.target.wants/"
    install -D --mode=644 units/tmpfiles.conf "$out/lib/tmpfiles.d/example.conf"
    install --mode=644 units/etc.conf "$out/lib/tmpfiles.d/etc.conf"
    install -D --mode=644 units/sysusers.conf "$out/lib/sysusers.d/example.conf"
    # What a compiler would make of it.
    mkdir "$out/share"
    cp --recursive --no-preserve=mode src "$out/share/"
    printf '%s\n' "$NIX_CFLAGS_COMPILE" ''${mesonFlags[@]} >"$out/share/flags"
    runHook postInstall
  '';
  # As nixpkgs has it: out of the way of NixOS, which generates units.
  postInstall = ''
    mkdir -p "$out/example/systemd"
    mv "$out"/lib/{sysusers.d,tmpfiles.d} "$out/example"
    mv "$out"/lib/systemd/{system,user} "$out/example/systemd"
  '';
}
