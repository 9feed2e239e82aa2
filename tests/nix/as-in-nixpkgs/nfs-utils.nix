# nfs-utils as nixpkgs builds it: what it patches in its units, and the rule that it does not.
{
  stdenv,
  coreutils,
  kmod,
}:
stdenv.mkDerivation {
  pname = "nfs-utils";
  version = "2.8.4";
  src = ./nfs-utils;
  postPatch = ''
    substituteInPlace systemd/nfs-utils.service \
      --replace "/bin/true" "${coreutils}/bin/true"
  '';
  installPhase = ''
    runHook preInstall
    install -D --target-directory="$out/bin" rpc.nfsd
    install -D --mode=644 --target-directory="$out/etc/systemd/system" systemd/*.service
    install -D --mode=644 --target-directory="$out/lib/udev/rules.d" systemd/*.rules
    runHook postInstall
  '';
  postInstall = ''
    # Not used on NixOS
    sed -i \
      -e "s,/sbin/modprobe,${kmod}/bin/modprobe,g" \
      -e "s,/usr/sbin,$out/bin,g" \
      $out/etc/systemd/system/*
  '';
}
