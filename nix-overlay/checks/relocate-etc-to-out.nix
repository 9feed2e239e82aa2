# Packages that prove the hook on the nixpkgs it is used with.
{ stdenv, hook }:
let
  check =
    name: structured:
    stdenv.mkDerivation {
      name = "relocate-etc-to-out-hook-${name}";
      __structuredAttrs = structured;
      strictDeps = true;
      nativeBuildInputs = [ hook ];
      relocateEtcToOutKeep = [ "/etc/example/kept*" ];

      dontUnpack = true;
      installPhase = ''
        runHook preInstall
        # As `make install DESTDIR=$out` with --sysconfdir=$out/etc has it.
        nest=$out$out/etc/example
        mkdir -p "$out/bin" "$out/lib/systemd/system" "$out/etc/tmpfiles.d" "$nest"
        # Its own program is known to read what it is given.
        printf '#!/bin/sh\n' >"$out/bin/example"
        chmod +x "$out/bin/example"
        echo 'port = 1' >"$nest/example.conf"
        echo 'port = 2' >"$nest/kept.conf"
        echo 'd /run/example' >"$out/etc/tmpfiles.d/example.conf"
        cat >"$out/lib/systemd/system/example.service" <<'UNIT'
        # Reads /etc/example/example.conf.
        [Service]
        ExecStart=/usr/bin/example --config=/etc/example/example.conf
        ExecReload=/usr/bin/example --config=/etc/example/kept.conf
        UNIT
        runHook postInstall
      '';

      doInstallCheck = true;
      installCheckPhase = ''
        unit=$(<"$out/lib/systemd/system/example.service")
        [[ $unit == *"# Reads /etc/example/example.conf."* ]]
        [[ $unit == *"example --config=$out/etc/example/example.conf"* ]]
        [[ $unit == *"example --config=/etc/example/kept.conf"* ]]
        [[ -f $out/etc/example/example.conf && ! -e $out$NIX_STORE ]]
        [[ -f $out/lib/tmpfiles.d/example.conf && ! -L $out/lib/tmpfiles.d/example.conf ]]
        [[ $out/etc/tmpfiles.d/example.conf -ef $out/lib/tmpfiles.d/example.conf ]]
      '';
    };
in
{
  strings = check "strings" false;
  structured-attributes = check "structured-attributes" true;
}
