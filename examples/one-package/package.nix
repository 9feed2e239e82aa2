# As an expression of nixpkgs: the hook in nativeBuildInputs, and what the unit runs in buildInputs.
{
  stdenv,
  bash,
  coreutils,
  patchSystemdUnitsHook,
}:
stdenv.mkDerivation {
  name = "greeter-1.0";
  src = ./src;
  strictDeps = true;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  buildInputs = [
    bash
    coreutils
  ];
  # A path that no package has fails the build.
  patchSystemdUnitsMissing = "error";
  # It is on every machine that this unit is for.
  patchSystemdUnitsKeep = [ "/opt/site/**" ];
  installPhase = ''
    runHook preInstall
    install -D greeter "$out/bin/greeter"
    install -D --mode=644 greeter.service "$out/lib/systemd/system/greeter.service"
    runHook postInstall
  '';
}
