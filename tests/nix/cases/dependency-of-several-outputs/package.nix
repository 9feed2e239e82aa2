{ stdenv, patchSystemdUnitsHook }:
let
  script = path: ''
    mkdir -p "$(dirname "${path}")"
    printf '#!/bin/sh\\n' >"${path}"
    chmod +x "${path}"
  '';
  tool = stdenv.mkDerivation {
    name = "tool-1.0";
    outputs = [
      "out"
      "bin"
      "dev"
    ];
    dontUnpack = true;
    installPhase = ''
      ${script "$bin/bin/tool"}
      ${script "$bin/libexec/tool-helper"}
      ${script "$dev/bin/tool-config"}
      mkdir "$out"
    '';
  };
  plain = stdenv.mkDerivation {
    name = "plain-1.0";
    dontUnpack = true;
    installPhase = script "$out/lib/plain/helper";
  };
in
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  buildInputs = [
    plain
    tool
  ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
}
