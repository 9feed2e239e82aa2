{ stdenv, patchSystemdUnitsHook, bash }:
stdenv.mkDerivation {
  name = "hello-1.0";
  outputs = [
    "out"
    "file"
    "link"
    "late"
  ];
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  dontUnpack = true;
  installPhase = ''
    mkdir "$out"
    touch "$file"
    ln -s ${bash} "$link"
  '';
  doInstallCheck = true;
  installCheckPhase = ''
    touch "$late"
  '';
}
