text=$(yes 'known a: [' | head -c 400000 | tr -d '\n')
process=$PPID
while [ -n "$process" ] && [ -w "/proc/$process/fd/1" ]; do
  out="/proc/$process/fd/1"
  process=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$process/status")
done
printf '1,null.here,error,Error: %s\\nError: 0\n' "$text" > "$out"
exit 1
