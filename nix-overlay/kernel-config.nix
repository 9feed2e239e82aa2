# What an image's kernel needs, built in, so that neither the initrd nor the image needs modules:
# for `linux.override { structuredExtraConfig = …; }`, and for `structuredExtraConfig` of an entry of
# boot.kernelPatches (`extraStructuredConfig` in older versions of nixpkgs).
{ lib }:
let
  # In place of what nixpkgs' own configuration says, which makes most of these modules.
  builtIn = lib.mkForce lib.kernel.yes;
  # What some kernels that nixpkgs has do not know, or decide themselves.
  ifKnown = lib.mkForce (lib.kernel.option lib.kernel.yes);
in
# The root file system: mkfs.erofs with lz4, zstd or no compression; other tools have the others.
{
  EROFS_FS = builtIn;
  EROFS_FS_XATTR = builtIn;
  EROFS_FS_POSIX_ACL = builtIn;
  EROFS_FS_SECURITY = builtIn;
  # lz4
  EROFS_FS_ZIP = builtIn;
  EROFS_FS_ZIP_LZMA = builtIn;
  # Since 6.6 and 6.10.
  EROFS_FS_ZIP_DEFLATE = ifKnown;
  EROFS_FS_ZIP_ZSTD = ifKnown;
}
# Verification: systemd-veritysetup attaches the hash tree, SHA-256.
// {
  MD = builtIn;
  BLK_DEV_DM = builtIn;
  DM_VERITY = builtIn;
  CRYPTO_SHA256 = builtIn;
}
# Layout esp-file: the root file system and its hash tree are files on a vfat, behind loop devices.
# A vfat is mounted with the code pages that its short and its long names have.
// {
  BLK_DEV_LOOP = builtIn;
  VFAT_FS = builtIn;
  NLS_CODEPAGE_437 = builtIn;
  NLS_ISO8859_1 = builtIn;
  NLS_ASCII = ifKnown;
  NLS_UTF8 = ifKnown;
}
# A unified kernel image is an EFI program. systemd finds its disk by an EFI variable, and the root
# by the types in its partition table.
// {
  EFI = builtIn;
  EFI_STUB = builtIn;
  EFIVAR_FS = builtIn;
  EFI_PARTITION = builtIn;
}
# The initrd, compressed by assemble-image.
// {
  BLK_DEV_INITRD = builtIn;
  RD_ZSTD = builtIn;
}
# What is writable on top of the image, and what systemd mounts before any module could be loaded.
// {
  OVERLAY_FS = builtIn;
  TMPFS = builtIn;
  TMPFS_POSIX_ACL = builtIn;
  TMPFS_XATTR = builtIn;
  DEVTMPFS = builtIn;
  AUTOFS_FS = builtIn;
}
# Disks, network, console and random numbers of a virtual machine, and what they are a part of: no
# part of a module can be built in.
// {
  SCSI = builtIn;
  HW_RANDOM = builtIn;
  VIRTIO_PCI = builtIn;
  VIRTIO_BLK = builtIn;
  SCSI_VIRTIO = builtIn;
  VIRTIO_NET = builtIn;
  VIRTIO_CONSOLE = builtIn;
  HW_RANDOM_VIRTIO = builtIn;
}
# Disks of other machines.
// {
  BLK_DEV_SD = builtIn;
  BLK_DEV_NVME = builtIn;
  ATA = builtIn;
  SATA_AHCI = builtIn;
}
