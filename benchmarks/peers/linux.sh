# What configure, make and make install give by themselves, with the options of our recipe: linux.sh FOLDER [OPTION ...]
# It is packed as release builders do; when that began, says the file "installed".
set -euo pipefail

folder=$1
shift
cp -a "/in/source/$folder" source
chmod -R u+w source
mkdir objects
cd objects
CONFIG_SITE=/in/recipe/config.site ../source/configure CC=gcc --prefix=/opt/python --with-readline=editline \
    --enable-loadable-sqlite-extensions --without-static-libpython --with-ensurepip=install "$@"
make --jobs="$(nproc)"
make install DESTDIR=/build/installed
# All of its byte-code; make itself goes on without.
for pyc in /build/installed/opt/python/lib/python*/__pycache__/zipimport.*{,.opt-1,.opt-2}.pyc; do
    [[ -e $pyc ]]
done
touch /out/installed
tar --create --directory=/build/installed/opt python | xz --threads=0 > /out/python.tar.xz
