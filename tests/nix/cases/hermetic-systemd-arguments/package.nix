{
  stdenv,
  dash,
  hermeticSystemd,
  lintClosure,
  util-linux,
  writeText,
}:
let
  systemd = hermeticSystemd.override {
    agetty = util-linux;
    shell = dash;
    osRelease = writeText "os-release" "ID=example\n";
  };
  linted = lintClosure { packages = [ systemd ]; };
in
stdenv.mkDerivation {
  name = "systemd-arguments";
  dontUnpack = true;
  # It is built if nothing is found that cannot work.
  inherit linted;
  installPhase = ''
    mkdir "$out"
    test -e "$linted/lint.json"
    cp ${systemd}/lib/systemd/system/{debug-shell,example,getty@,systemd-hwdb-update}.service "$out"
    cp ${systemd}/lib/tmpfiles.d/etc.conf "$out"
  '';
}
