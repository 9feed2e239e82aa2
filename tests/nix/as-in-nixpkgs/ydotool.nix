# ydotool as nixpkgs builds it. The util-linux here has no kill: without its own lines the unit is
# worse.
{ stdenv, util-linux }:
stdenv.mkDerivation {
  pname = "ydotool";
  version = "1.0.4";
  src = ./ydotool;
  postPatch = ''
    substituteInPlace Daemon/ydotool.service.in \
      --replace "/usr/bin/kill" "${util-linux}/bin/kill"
  '';
  installPhase = ''
    install -D --mode=644 Daemon/ydotool.service.in "$out/lib/systemd/user/ydotool.service"
  '';
}
