# iwd as nixpkgs builds it: a program of a D-Bus service that systemd starts is never run.
{ stdenv, coreutils }:
stdenv.mkDerivation {
  pname = "iwd";
  version = "3.8";
  dontUnpack = true;
  installPhase = ''
    for name in ead iwd; do
      mkdir -p "$out/share/dbus-1/system-services"
      printf '[D-BUS Service]\nName=net.connman.%s\nExec=/bin/false\nUser=root\nSystemdService=%s.service\n' \
        "$name" "$name" >"$out/share/dbus-1/system-services/net.connman.$name.service"
    done
  '';
  postFixup = ''
    substituteInPlace $out/share/dbus-1/system-services/net.connman.ead.service \
      --replace-fail /bin/false ${coreutils}/bin/false
    substituteInPlace $out/share/dbus-1/system-services/net.connman.iwd.service \
      --replace-fail /bin/false ${coreutils}/bin/false
  '';
}
