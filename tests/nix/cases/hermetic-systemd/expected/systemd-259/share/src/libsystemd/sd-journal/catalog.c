const char * const catalog_file_dirs[] = {
        "/usr/lib/systemd/catalog/", "/nix/store/systemd-259/lib/systemd/catalog/",
        0
};
