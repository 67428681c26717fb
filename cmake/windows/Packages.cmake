# SPDX-License-Identifier: MIT
# Zydis and cJSON for mingw-w64, from the sources of Debian's packages: there are no packages of them
# for Windows. cmake/windows/get-sources puts them into WHVTRACE_WINDOWS_SOURCES. Zycore's headers
# are those of Debian's libzycore-dev; its library is not needed.
set(WHVTRACE_WINDOWS_SOURCES "" CACHE PATH "Folder with zydis, cjson and zycore, see cmake/windows/get-sources")

function(whvtrace_add_zydis folder headers)
    file(GLOB sources "${folder}/src/*.c")
    add_library(Zydis STATIC ${sources})
    target_include_directories(Zydis
        PUBLIC "${folder}/include" "${headers}"
        PRIVATE "${folder}/src")
    target_compile_definitions(Zydis PUBLIC ZYDIS_STATIC_BUILD ZYCORE_STATIC_BUILD)
    target_compile_options(Zydis PRIVATE -w)
    add_library(Zydis::Zydis ALIAS Zydis)
endfunction()

function(whvtrace_add_cjson folder headers)
    add_library(cjson STATIC "${folder}/cJSON.c")
    target_compile_definitions(cjson PUBLIC CJSON_HIDE_SYMBOLS)
    target_compile_options(cjson PRIVATE -w)
    # Installed, its header stands in a folder of its name.
    file(COPY "${folder}/cJSON.h" DESTINATION "${headers}/cjson")
    target_include_directories(cjson PUBLIC "${headers}" "${headers}/cjson")
endfunction()

if(WHVTRACE_WINDOWS_SOURCES)
    whvtrace_add_zydis("${WHVTRACE_WINDOWS_SOURCES}/zydis" "${WHVTRACE_WINDOWS_SOURCES}/zycore")
    whvtrace_add_cjson("${WHVTRACE_WINDOWS_SOURCES}/cjson" "${CMAKE_BINARY_DIR}/include")
    set(CJSON_LIBRARIES cjson)
    set(CJSON_INCLUDE_DIRS "${CMAKE_BINARY_DIR}/include")
endif()
