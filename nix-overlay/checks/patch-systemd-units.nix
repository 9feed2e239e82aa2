# Packages that prove the hook on the nixpkgs it is used with.
{ stdenv, hook }:
let
  check =
    name: structured:
    stdenv.mkDerivation {
      name = "patch-systemd-units-hook-${name}";
      __structuredAttrs = structured;
      strictDeps = true;
      outputs = [
        "out"
        "bin"
      ];
      nativeBuildInputs = [ hook ];
      patchSystemdUnitsKeep = [
        "/usr/bin/not-*"
        "/opt/**"
      ];

      dontUnpack = true;
      installPhase = ''
        runHook preInstall
        mkdir -p "$out/lib/systemd/system" "$bin/sbin"
        printf '#!/bin/sh\n' >"$bin/sbin/example"
        chmod +x "$bin/sbin/example"
        cat >"$out/lib/systemd/system/example.service" <<'UNIT'
        [Service]
        ExecStartPre=-/usr/bin/not-here
        ExecStartPre=/bin/sh -c 'exec example --check'
        ExecStart=@/usr/sbin/example exampled
        UNIT
        runHook postInstall
      '';

      doInstallCheck = true;
      installCheckPhase = ''
        unit=$(<"$out/lib/systemd/system/example.service")
        [[ $unit == *"ExecStartPre=-/usr/bin/not-here"* ]]
        [[ $unit == *"ExecStartPre=$NIX_STORE/"*" -c 'exec $bin/bin/example --check'"* ]]
        [[ $unit == *"ExecStart=@$bin/bin/example exampled"* ]]
      '';
    };
in
{
  strings = check "strings" false;
  structured-attributes = check "structured-attributes" true;
}
