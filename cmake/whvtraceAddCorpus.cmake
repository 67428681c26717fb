# SPDX-License-Identifier: MIT
# Tests of a corpus of traces.
#
# whvtrace_add_corpus(NAME <name> FOLDER <folder>...
#     [EMULATOR <target, path or builtin>] [EXPECTATIONS <file>...] [MATCH <level>]
#     [LABELS <label>...] [ARGUMENTS <argument of whvtrace run>...])
#
# Each trace file below a folder becomes a test of CTest, <name>/<path below the folder>; folders named
# `invalid` are passed over. A file that comes later is found when the project is built again. A test is
# skipped if all of its cases are. whvtrace_SUITE is the folder of the suite that is installed.
function(whvtrace_add_corpus)
    cmake_parse_arguments(ARG "" "NAME;EMULATOR;MATCH" "FOLDER;EXPECTATIONS;LABELS;ARGUMENTS" ${ARGN})
    if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_NAME OR NOT ARG_FOLDER)
        message(FATAL_ERROR "whvtrace_add_corpus() wants NAME and FOLDER; "
            "it does not know: ${ARG_UNPARSED_ARGUMENTS}")
    endif()
    set(command whvtrace::whvtrace run --jobs 1)
    if(TARGET "${ARG_EMULATOR}")
        list(APPEND command --emulator "$<TARGET_FILE:${ARG_EMULATOR}>")
    elseif(ARG_EMULATOR)
        list(APPEND command --emulator "${ARG_EMULATOR}")
    endif()
    if(ARG_MATCH)
        list(APPEND command --match "${ARG_MATCH}")
    endif()
    foreach(file ${ARG_EXPECTATIONS})
        get_filename_component(file "${file}" ABSOLUTE)
        list(APPEND command --expectations "${file}")
    endforeach()
    foreach(folder ${ARG_FOLDER})
        get_filename_component(folder "${folder}" ABSOLUTE)
        file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${folder}"
            "${folder}/*.trace.json" "${folder}/*.trace.jsonl" "${folder}/*.trace.jsonl.gz")
        list(FILTER files EXCLUDE REGEX "(^|/)invalid/")
        if(NOT files)
            message(FATAL_ERROR "whvtrace_add_corpus(): there are no traces in ${folder}")
        endif()
        foreach(file ${files})
            set(test "${ARG_NAME}/${file}")
            add_test(NAME "${test}" COMMAND ${command} ${ARG_ARGUMENTS} "${folder}/${file}")
            set_tests_properties("${test}" PROPERTIES SKIP_RETURN_CODE 77)
            if(ARG_LABELS)
                set_tests_properties("${test}" PROPERTIES LABELS "${ARG_LABELS}")
            endif()
        endforeach()
    endforeach()
endfunction()
