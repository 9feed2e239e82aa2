const char * const catalog_file_dirs[] = {
        "/usr/lib/systemd/catalog/",
        0
};
