#include <stdio.h>

int main(void) { return fopen("/etc/hello/compiled.conf", "r") == NULL; }
