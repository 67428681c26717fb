# SPDX-License-Identifier: MIT
# What `cmake --install` gives besides the program: headers, both libraries, and the files by which
# find_package(whvtrace) and pkg-config find them.
include(CMakePackageConfigHelpers)

# What is not the library or what programs are built against.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME tools)

set(WHVTRACE_CONFIG_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/whvtrace")

set_target_properties(whvemu_shared PROPERTIES EXPORT_NAME whvemu)
set_target_properties(whvemu_static PROPERTIES EXPORT_NAME whvemu_static)
# The same names inside the build tree, for projects that use add_subdirectory.
add_library(whvtrace::whvemu ALIAS whvemu_shared)
add_library(whvtrace::whvemu_static ALIAS whvemu_static)

set_target_properties(whvcapture PROPERTIES EXPORT_NAME whvcapture)
add_library(whvtrace::whvcapture ALIAS whvcapture)

add_executable(whvtrace::whvtrace ALIAS whvtrace)

install(TARGETS whvtrace whvemu_shared whvemu_static whvcapture EXPORT whvtraceTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT dev
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/emulator/include/whvemu"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/harness/capture/include/whvcapture"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev
    FILES_MATCHING PATTERN "*.h")
if(TARGET whvcapture_preload)
    install(TARGETS whvcapture_preload LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
if(TARGET whvcapture_kvm)
    install(TARGETS whvcapture_kvm LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()

install(EXPORT whvtraceTargets NAMESPACE whvtrace:: DESTINATION "${WHVTRACE_CONFIG_DIR}" COMPONENT dev)
configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/whvtraceConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/cmake/whvtraceConfig.cmake"
    INSTALL_DESTINATION "${WHVTRACE_CONFIG_DIR}"
    PATH_VARS WHVTRACE_DATADIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/whvtraceConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_SOURCE_DIR}/cmake/whvtraceAddCorpus.cmake"
    "${PROJECT_BINARY_DIR}/cmake/whvtraceConfig.cmake"
    "${PROJECT_BINARY_DIR}/cmake/whvtraceConfigVersion.cmake"
    DESTINATION "${WHVTRACE_CONFIG_DIR}" COMPONENT dev)

# The prefix is relative to the file, so that an installed tree can be moved.
file(RELATIVE_PATH WHVTRACE_PC_PREFIX
    "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" WHVTRACE_PC_PREFIX "${WHVTRACE_PC_PREFIX}")
foreach(name whvemu whvcapture)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/cmake/${name}.pc"
        @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/cmake/${name}.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)
endforeach()

# The suite, and what one reads of it.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/traces" DESTINATION "${WHVTRACE_DATADIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/schemas" DESTINATION "${WHVTRACE_DATADIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md"
    "${PROJECT_SOURCE_DIR}/CHANGELOG.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

foreach(page whvemu.3 whv-trace.5)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/man/${page}.in" "${PROJECT_BINARY_DIR}/said/${page}" @ONLY)
endforeach()
install(FILES "${PROJECT_BINARY_DIR}/said/whv-trace.5" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(FILES "${PROJECT_BINARY_DIR}/said/whvemu.3" DESTINATION "${CMAKE_INSTALL_MANDIR}/man3" COMPONENT dev)
# The other functions are found under their own names.
foreach(function WHvEmulatorCreateEmulator WHvEmulatorDestroyEmulator WHvEmulatorTryIoEmulation
        WHvEmulatorTryMmioEmulation whvemu_reason)
    file(WRITE "${PROJECT_BINARY_DIR}/said/${function}.3" ".so man3/whvemu.3\n")
    install(FILES "${PROJECT_BINARY_DIR}/said/${function}.3" DESTINATION "${CMAKE_INSTALL_MANDIR}/man3"
        COMPONENT dev)
endforeach()

# What the program says of itself. A program for another machine cannot be asked.
if(NOT CMAKE_CROSSCOMPILING)
    set(said "${PROJECT_BINARY_DIR}/said")
    file(MAKE_DIRECTORY "${said}")
    set(said_files "")
    function(whvtrace_say file folder)
        add_custom_command(OUTPUT "${said}/${file}"
            COMMAND whvtrace ${ARGN} > "${said}/${file}"
            DEPENDS whvtrace VERBATIM)
        install(FILES "${said}/${file}" DESTINATION "${folder}")
        set(said_files ${said_files} "${said}/${file}" PARENT_SCOPE)
    endfunction()
    whvtrace_say(whvtrace.1 "${CMAKE_INSTALL_MANDIR}/man1" help --man)
    whvtrace_say(whvtrace "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" completion bash)
    whvtrace_say(_whvtrace "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" completion zsh)
    whvtrace_say(whvtrace.fish "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" completion fish)
    add_custom_target(whvtrace_said ALL DEPENDS ${said_files})
endif()
