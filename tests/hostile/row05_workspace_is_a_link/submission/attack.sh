cd /
for place in /workspace /run/box/workspace; do
  rm -rf "$place"/* "$place"
  ln -s /etc "$place"
done 2>/dev/null
exit 0
