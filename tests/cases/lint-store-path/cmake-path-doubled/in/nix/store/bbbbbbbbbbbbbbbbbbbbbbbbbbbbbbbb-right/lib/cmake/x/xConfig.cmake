get_filename_component(PACKAGE_PREFIX_DIR "${CMAKE_CURRENT_LIST_DIR}/../../../" ABSOLUTE)
set_and_check(x_INCLUDE_DIR "${PACKAGE_PREFIX_DIR}/include")
set(x_HOMEPAGE "https://example.org//x")
