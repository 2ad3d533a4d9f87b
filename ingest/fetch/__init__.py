"""Official documents: downloaded from allowed hosts, verified, unpacked."""
