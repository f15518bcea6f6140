# What is installed beside the binary, and the Debian package: `script/package`, or cpack in a build directory.

# Manual pages, completions and the schema come from the declarations in the program itself, so they are made by it.
# Those who build no more than `sluice` have them too. Called where the target is made.
function(sluice_make_documents target)
  set(made ${PROJECT_BINARY_DIR}/documents)
  file(MAKE_DIRECTORY ${made})
  string(TIMESTAMP date "%Y-%m-%d" UTC)  # follows SOURCE_DATE_EPOCH
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND $<TARGET_FILE:${target}> manual sluice.1 --date ${date} > ${made}/sluice.1
    COMMAND $<TARGET_FILE:${target}> manual sluice.yaml.5 --date ${date} > ${made}/sluice.yaml.5
    COMMAND $<TARGET_FILE:${target}> completion bash > ${made}/sluice.bash
    COMMAND $<TARGET_FILE:${target}> completion zsh > ${made}/_sluice
    COMMAND $<TARGET_FILE:${target}> completion fish > ${made}/sluice.fish
    COMMAND $<TARGET_FILE:${target}> schema > ${made}/sluice.schema.json)
endfunction()

set(documents ${PROJECT_BINARY_DIR}/documents)
set(share ${CMAKE_INSTALL_DATAROOTDIR})
set(doc ${share}/doc/sluice)
install(FILES ${documents}/sluice.schema.json DESTINATION ${share}/sluice COMPONENT sluice)
install(FILES ${documents}/sluice.bash DESTINATION ${share}/bash-completion/completions RENAME sluice COMPONENT sluice)
install(FILES ${documents}/_sluice DESTINATION ${share}/zsh/vendor-completions COMPONENT sluice)
install(FILES ${documents}/sluice.fish DESTINATION ${share}/fish/vendor_completions.d COMPONENT sluice)
install(FILES README.md DESTINATION ${doc} COMPONENT sluice)
file(GLOB pages CONFIGURE_DEPENDS docs/*.md)
install(FILES ${pages} DESTINATION ${doc}/docs COMPONENT sluice)
install(DIRECTORY docs/samples docs/decisions DESTINATION ${doc}/docs COMPONENT sluice)
install(FILES cmake/packaging/copyright DESTINATION ${doc} COMPONENT sluice)
install(FILES cmake/packaging/lintian-overrides DESTINATION ${share}/lintian/overrides RENAME sluice COMPONENT sluice)

# Debian wants these compressed, and compressed the same way each time.
find_program(GZIP gzip REQUIRED)
string(TIMESTAMP SLUICE_RELEASED "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(cmake/packaging/changelog.in ${PROJECT_BINARY_DIR}/packaging/changelog.Debian @ONLY)
configure_file(CHANGELOG.md ${PROJECT_BINARY_DIR}/packaging/changelog COPYONLY)
install(CODE "
  function(install_compressed file directory)
    get_filename_component(name \${file} NAME)
    set(made \"${PROJECT_BINARY_DIR}/packaging/\${name}.gz\")
    execute_process(COMMAND [[${GZIP}]] -9nc \${file} OUTPUT_FILE \${made} COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL \${made} DESTINATION \${CMAKE_INSTALL_PREFIX}/\${directory})
  endfunction()
  install_compressed([[${documents}/sluice.1]] [[${CMAKE_INSTALL_MANDIR}/man1]])
  install_compressed([[${documents}/sluice.yaml.5]] [[${CMAKE_INSTALL_MANDIR}/man5]])
  install_compressed([[${PROJECT_BINARY_DIR}/packaging/changelog]] [[${doc}]])
  install_compressed([[${PROJECT_BINARY_DIR}/packaging/changelog.Debian]] [[${doc}]])" COMPONENT sluice)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VENDOR "The sluice maintainers")
set(CPACK_PACKAGE_CONTACT "The sluice maintainers <maintainers@users.noreply.r-seed-3e629b57.example>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "log-stream processing daemon that accounts for every record")
set(CPACK_PACKAGE_DESCRIPTION
"sluice reads log lines from files, sockets or standard input, parses, filters
and enriches them on all processors, and writes them to files or the network.
Its ledger says at any time what became of every line.
.
 * follows files through rotation and restarts, without loss or duplicates
 * parses JSON, logfmt, syslog, access logs, CRI, CSV, regular expressions
 * filters by CEL, the Common Expression Language
 * reloads its configuration without losing a line
.
On amd64 it needs a processor of the level x86-64-v2 (with SSE 4.2).")
# Only what belongs to the service: the library sluice-flow is a component of its own, for programmers.
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};sluice;sluice;/")
# The units name the final place of the binary, and /etc is outside of the prefix: install with DESTDIR.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52), procps")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, prometheus")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(packaging ${PROJECT_SOURCE_DIR}/cmake/packaging)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${packaging}/conffiles ${packaging}/postinst ${packaging}/prerm
  ${packaging}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
