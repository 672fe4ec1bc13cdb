//! containerd's configuration on a node.
