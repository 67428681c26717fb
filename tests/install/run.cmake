# SPDX-License-Identifier: MIT
# Installs a build into a fresh prefix, moves that, and builds and runs a program against it: by
# find_package with both libraries, and by pkg-config.
# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DGENERATOR=... -DCC=... -DPKG_CONFIG=...
# -DLIBDIR=... -DCTEST=... -P run.cmake
file(REMOVE_RECURSE "${WORK}")
set(prefix "${WORK}/moved")

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE out)
    if(NOT result EQUAL 0)
        list(JOIN ARGN " " line)
        message(FATAL_ERROR "${line}\nfailed (${result}):\n${out}")
    endif()
    set(output "${out}" PARENT_SCOPE)
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/installed")
file(RENAME "${WORK}/installed" "${prefix}")

foreach(path
        include/whvemu/emulator.h include/whvemu/preview.h include/whvemu/whv_abi.h
        include/whvemu/instructions.h
        include/whvemu/whv_registers.def ${LIBDIR}/libwhvemu.a ${LIBDIR}/libwhvemu.so
        ${LIBDIR}/libwhvemu.so.0 ${LIBDIR}/pkgconfig/whvemu.pc bin/whvtrace
        include/whvcapture/capture.h include/whvcapture/redirect.h ${LIBDIR}/libwhvcapture.a
        ${LIBDIR}/libwhvcapture-preload.so ${LIBDIR}/pkgconfig/whvcapture.pc
        share/whvtrace/traces/flags.json share/whvtrace/traces/expectations/builtin.json
        share/whvtrace/schemas/trace-1.schema.json share/doc/whvtrace/LICENSE
        share/man/man1/whvtrace.1 share/man/man3/whvemu.3 share/man/man5/whv-trace.5
        share/bash-completion/completions/whvtrace share/zsh/site-functions/_whvtrace
        share/fish/vendor_completions.d/whvtrace.fish)
    if(NOT EXISTS "${prefix}/${path}")
        message(FATAL_ERROR "not installed: ${path}")
    endif()
endforeach()

run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${SOURCE}" -B "${WORK}/build" "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DCMAKE_C_COMPILER=${CC}")
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer_shared")
run("${WORK}/build/consumer_static")
set(ENV{WHV_CAPTURE_PATH} "${WORK}/consumer.cap.jsonl")
run("${WORK}/build/consumer_recorded")
if(NOT EXISTS "${WORK}/consumer.cap.jsonl")
    message(FATAL_ERROR "nothing was recorded")
endif()

set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${prefix}/${LIBDIR}")
run("${PKG_CONFIG}" --cflags --libs whvemu)
separate_arguments(flags UNIX_COMMAND "${output}")
run("${CC}" -std=c11 "${SOURCE}/consumer.c" -o "${WORK}/by_pkg_config" ${flags})
run("${WORK}/by_pkg_config")
run("${PKG_CONFIG}" --static --libs whvemu)
if(NOT output MATCHES "-lZydis")
    message(FATAL_ERROR "whvemu.pc does not name what a static library needs: ${output}")
endif()

run("${PKG_CONFIG}" --cflags --libs whvcapture whvemu)
separate_arguments(flags UNIX_COMMAND "${output}")
run("${CC}" -std=c11 -DRECORDED "${SOURCE}/consumer.c" -o "${WORK}/recorded_by_pkg_config" ${flags})
run("${WORK}/recorded_by_pkg_config")

# Away from any tree the program finds the suite and the schema that came with it.
string(RANDOM LENGTH 12 name)
set(away "/tmp/whvtrace-${name}")
file(MAKE_DIRECTORY "${away}")
unset(ENV{WHVTRACE_TRACES})
execute_process(COMMAND "${prefix}/bin/whvtrace" list -k "mov/*" WORKING_DIRECTORY "${away}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT result EQUAL 0 OR NOT output MATCHES "manual/mov/")
    message(FATAL_ERROR "the installed suite is not found (${result}): ${output}${errors}")
endif()
run("${prefix}/bin/whvtrace" new --asm nop "${away}/begun.trace.json")
file(READ "${away}/begun.trace.json" begun)
file(REMOVE_RECURSE "${away}")
if(NOT begun MATCHES "\"file://[^\"]*/share/whvtrace/schemas/trace-1.schema.json\"")
    message(FATAL_ERROR "a new case does not name the installed schema:\n${begun}")
endif()

# A corpus becomes tests: a file each, also of the suite, which fail as they should.
run("${CTEST}" --test-dir "${WORK}/build" -L good)
foreach(name "suite/[a-z/_-]*[.]trace[.]json" "mine/store[.]trace[.]json" "mine/below/load[.]trace[.]jsonl")
    if(NOT output MATCHES "${name} [.]+ +Passed")
        message(FATAL_ERROR "no test that is like ${name} passed:\n${output}")
    endif()
endforeach()
if(output MATCHES "invalid/")
    message(FATAL_ERROR "what lies in a folder 'invalid' became a test:\n${output}")
endif()
execute_process(COMMAND "${CTEST}" --test-dir "${WORK}/build" -L bad -V RESULT_VARIABLE result OUTPUT_VARIABLE output)
if(result EQUAL 0 OR NOT output MATCHES "FAIL store.trace.json#store: ")
    message(FATAL_ERROR "a corpus that is wrong does not fail its test:\n${output}")
endif()
