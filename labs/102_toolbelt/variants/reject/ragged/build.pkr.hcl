build{
name="papers"
     sources=[ "source.file.card","source.file.notes" ]
  post-processor "checksum"{
checksum_types=["sha256"]
        output ="out/{{.BuildName}}.txt.sha256"
 }
   }
