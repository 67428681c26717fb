# SPDX-License-Identifier: MIT
# Debian packages, by `cpack` or `./dev package`: the library, what a program is built against, and the
# program with its suite. Included behind all that is installed.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME whvtrace)
set(CPACK_PACKAGE_VENDOR "The whvtrace project")
set(CPACK_PACKAGE_CONTACT "The whvtrace project <whvtrace@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL library dev tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)

set(library "libwhvemu${PROJECT_VERSION_MAJOR}")
set(same "(= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "${library}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "Instruction emulator of the Windows Hypervisor Platform API
 An open implementation of WinHvEmulation: one instruction of a virtual
 processor, performed through five callbacks.")
# CMake's targets name the program, for tests of a corpus.
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libwhvemu-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${library} ${same}, whvtrace ${same}, libzydis-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Headers and archives of the emulator and of the recorder
 What a virtual machine monitor is built against, for CMake and pkg-config.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME whvtrace)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION devel)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "Conformance suite for emulators of the WHP API, and its replayer
 Replays traces of instruction emulation against any library with the API of
 WinHvEmulation, and records, checks and imports them.")
include(CPack)
