# dbus as nixpkgs builds it: where it looks for files, and where it puts its own.
{ stdenv }:
stdenv.mkDerivation {
  pname = "dbus";
  version = "1.16";
  dontUnpack = true;
  mesonFlags = [
    "--datadir=/etc"
    "--sysconfdir=/etc"
    "-Dinstall_datadir=${placeholder "out"}/share"
    "-Dsystemd_system_unitdir=${placeholder "out"}/etc/systemd/system"
  ];
  postPatch = ''
    daemon=/run/current-system/sw/bin/dbus-daemon
  '';
  installPhase = ''
    runHook preInstall
    mkdir -p "$out/share/dbus-1"
    printf '%s\n' ''${mesonFlags[@]} "$daemon" >"$out/share/flags"
    cat >"$out/share/dbus-1/system.conf" <<CONFIGURATION
    <busconfig>
      <servicehelper>$out/libexec/dbus-daemon-launch-helper</servicehelper>
    </busconfig>
    CONFIGURATION
    runHook postInstall
  '';
}
