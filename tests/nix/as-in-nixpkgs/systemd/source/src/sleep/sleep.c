const char * const sleep_dirs[] = {
        SYSTEM_SLEEP_PATH,
        0
};
