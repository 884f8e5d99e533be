# The Debian package, by CPack: `cpack -G DEB` in the build folder, after the target package_files.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME carillon)
set(CPACK_PACKAGE_CONTACT "${CARILLON_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway that pushes events to browsers over WebSocket")
set(CPACK_PACKAGE_DESCRIPTION "Back ends publish small JSON events, with Redis or over HTTP, and every
authorized client receives them live and in order, over WebSocket. One process
serves several client protocols, which are files: those that come with it, or
your own.
.
After installation the service serves the protocol orion on 127.0.0.1:8000,
with keys that are made on this machine.")
set(CPACK_COMPONENTS_ALL carillon debian)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SET_DESTDIR ON)   # or the absolute folders would be those of this machine
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
# Loaded when a key set is fetched, with the certificates that it verifies servers with.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libcurl4 (>= 7.68), ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(scripts ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/conffiles ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm)
include(CPack)
