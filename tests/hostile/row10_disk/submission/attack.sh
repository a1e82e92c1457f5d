for place in . /tmp "$HOME"; do
  for number in 1 2 3 4 5 6 7 8; do
    head -c 5000000 /dev/zero > "$place/$number"
  done
done
