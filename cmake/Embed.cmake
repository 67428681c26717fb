# SPDX-License-Identifier: MIT
# Puts the bytes of a file, as numbers that a C initializer takes, into a variable; they are read
# when the project is configured, and that is done again when the file changes.
function(whvtrace_bytes path variable)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    file(READ "${path}" digits HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${digits}")
    set(${variable} "${bytes}" PARENT_SCOPE)
endfunction()
