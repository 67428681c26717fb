# SPDX-License-Identifier: MIT
# What `cmake --install` gives besides the program: headers, both libraries, and the files by which
# find_package(whvtrace) and pkg-config find them.
include(CMakePackageConfigHelpers)

set(WHVTRACE_CONFIG_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/whvtrace")

set_target_properties(whvemu_shared PROPERTIES EXPORT_NAME whvemu)
set_target_properties(whvemu_static PROPERTIES EXPORT_NAME whvemu_static)
# The same names inside the build tree, for projects that use add_subdirectory.
add_library(whvtrace::whvemu ALIAS whvemu_shared)
add_library(whvtrace::whvemu_static ALIAS whvemu_static)

set_target_properties(whvcapture PROPERTIES EXPORT_NAME whvcapture)
add_library(whvtrace::whvcapture ALIAS whvcapture)

install(TARGETS whvemu_shared whvemu_static whvcapture EXPORT whvtraceTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/emulator/include/whvemu"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/harness/capture/include/whvcapture"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h")
if(TARGET whvcapture_preload)
    install(TARGETS whvcapture_preload LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
if(TARGET whvcapture_kvm)
    install(TARGETS whvcapture_kvm LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()

install(EXPORT whvtraceTargets NAMESPACE whvtrace:: DESTINATION "${WHVTRACE_CONFIG_DIR}")
configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/whvtraceConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/cmake/whvtraceConfig.cmake"
    INSTALL_DESTINATION "${WHVTRACE_CONFIG_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/whvtraceConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/cmake/whvtraceConfig.cmake"
    "${PROJECT_BINARY_DIR}/cmake/whvtraceConfigVersion.cmake"
    DESTINATION "${WHVTRACE_CONFIG_DIR}")

# The prefix is relative to the file, so that an installed tree can be moved.
file(RELATIVE_PATH WHVEMU_PC_PREFIX
    "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" WHVEMU_PC_PREFIX "${WHVEMU_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/whvemu.pc.in" "${PROJECT_BINARY_DIR}/cmake/whvemu.pc"
    @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cmake/whvemu.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
