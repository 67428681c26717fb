# SPDX-License-Identifier: MIT
# cmake -DNM=... -DLIBRARY=... -P check_exports.cmake: the shared library exports exactly its API.
set(expected
    WHvEmulatorCreateEmulator
    WHvEmulatorCreateEmulatorPreview
    WHvEmulatorDestroyEmulator
    WHvEmulatorDestroyEmulatorPreview
    WHvEmulatorTryIoEmulation
    WHvEmulatorTryIoEmulationPreview
    WHvEmulatorTryMmioEmulation
    WHvEmulatorTryMmioEmulationPreview
    whvemu_reason)

execute_process(
    COMMAND "${NM}" -D --defined-only --format=posix "${LIBRARY}"
    OUTPUT_VARIABLE listing
    COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${listing}")
set(actual "")
foreach(line IN LISTS lines)
    string(REGEX REPLACE " .*" "" name "${line}")
    list(APPEND actual "${name}")
endforeach()
list(SORT actual)
if(NOT actual STREQUAL expected)
    message(FATAL_ERROR "exported: ${actual}\nexpected: ${expected}")
endif()
