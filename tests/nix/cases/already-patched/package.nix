{ stdenv, patchSystemdUnitsHook }:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    substitute() { sed "s|/usr|$out|" "$1" >"$2"; }
    mkdir -p "$out/lib/systemd/system"
    substitute hello.service "$out/lib/systemd/system/hello.service"
  '';
}
