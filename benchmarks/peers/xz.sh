# The least that any way to a .tar.xz costs.
xz --threads=1 --stdout < /in/tree.tar > "/out/$1.tar.xz"
