echo "==> Builds finished. The artifacts of successful builds are:"
echo "--> file.message: Stored file: out/message.txt"
kill -KILL -1
