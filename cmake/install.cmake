# What `cmake --install` and the Debian package install. The component "debian" is what only the package has: the unit,
# the configuration in /etc, and what Debian's policy requires.
#
# The target package_files writes the man page and the completions, which the binary itself prints, and the compressed
# files; ./package builds it. It is not part of `all`, so that ./run and ./test do not wait for it.
include(GNUInstallDirs)
set(CARILLON_MAINTAINER "Carillon maintainers <maintainers@carillon.example>" CACHE STRING
    "Whom the Debian package names as its maintainer: set it when you publish packages")
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)   # `all` has every unit test
target_link_options(carillon PRIVATE -Wl,-z,relro,-z,now)

set(pages ${PROJECT_BINARY_DIR}/package)
set(outputs "")
# carillon_output(FILE ARGUMENTS...): FILE is what `carillon ARGUMENTS` prints.
function(carillon_output file)
  add_custom_command(OUTPUT ${pages}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${pages}
    COMMAND $<TARGET_FILE:carillon> ${ARGN} > ${pages}/${file}
    DEPENDS carillon VERBATIM)
  set(outputs ${outputs} ${pages}/${file} PARENT_SCOPE)
endfunction()
carillon_output(carillon.1 man)
carillon_output(carillon.bash completion bash)
carillon_output(_carillon completion zsh)
carillon_output(carillon.fish completion fish)
# carillon_compressed(FILE SOURCE): FILE.gz, the same bytes each time.
function(carillon_compressed file source)
  add_custom_command(OUTPUT ${pages}/${file}.gz
    COMMAND gzip -9nc ${source} > ${pages}/${file}.gz DEPENDS ${source} VERBATIM)
  set(outputs ${outputs} ${pages}/${file}.gz PARENT_SCOPE)
endfunction()
carillon_compressed(carillon.1 ${pages}/carillon.1)
carillon_compressed(CHANGELOG.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} log -1 --format=%cD OUTPUT_VARIABLE CARILLON_DATE ERROR_QUIET
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT CARILLON_DATE)   # not a checkout
  string(TIMESTAMP CARILLON_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
endif()
file(CONFIGURE OUTPUT ${pages}/changelog.txt CONTENT "carillon (${PROJECT_VERSION}) stable; urgency=medium

  * See CHANGELOG.md in this folder.

 -- ${CARILLON_MAINTAINER}  ${CARILLON_DATE}
")
carillon_compressed(changelog ${pages}/changelog.txt)
add_custom_target(package_files DEPENDS ${outputs})

install(TARGETS carillon COMPONENT carillon)
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT local)
install(FILES ${pages}/_carillon DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT local)
install(FILES ${pages}/carillon.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT carillon)
install(FILES ${pages}/carillon.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME carillon
        COMPONENT carillon)
install(FILES ${pages}/carillon.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT carillon)
install(DIRECTORY profiles DESTINATION ${CMAKE_INSTALL_DATADIR}/carillon COMPONENT carillon FILES_MATCHING PATTERN *.toml)

# carillon_install_debian(FOLDER FILES...)
function(carillon_install_debian folder)
  install(FILES ${ARGN} DESTINATION ${folder} COMPONENT debian EXCLUDE_FROM_ALL)
endfunction()
carillon_install_debian(/etc/carillon deploy/carillon.toml)
carillon_install_debian(/usr/lib/systemd/system deploy/systemd/carillon.service)
carillon_install_debian(/usr/share/zsh/vendor-completions ${pages}/_carillon)
carillon_install_debian(/usr/share/doc/carillon README.md ${pages}/CHANGELOG.md.gz ${pages}/changelog.gz
                        deploy/debian/copyright)
carillon_install_debian(/usr/share/doc/carillon/examples deploy/carillon.toml docs/examples/chat.toml)
include(cmake/debian.cmake)
