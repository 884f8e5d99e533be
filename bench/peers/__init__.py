"""The servers that Carillon is compared with: each module installs and starts one, and knows its address."""
